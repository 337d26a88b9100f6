"""Compile a plan to machine code for the CPU."""
