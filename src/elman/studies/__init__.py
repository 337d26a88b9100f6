"""One exercise a file. The file's name gives its number and its name; nothing else registers it."""
