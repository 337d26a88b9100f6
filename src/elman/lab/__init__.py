"""Running studies: trials, records, findings, and the lab book."""
