"""Machine-independent planning: what runs before, in and after the loop, in which levels and buffers."""
