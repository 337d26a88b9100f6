"""What is hoisted, in the loop, deferred; levels and buffers. It knows no machine."""
