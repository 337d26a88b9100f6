"""Melodies: notation, MIDI, collections, sound."""
