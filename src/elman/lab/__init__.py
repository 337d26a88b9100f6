"""The laboratory: studies, trials, records, findings, and the book drawn from them."""
