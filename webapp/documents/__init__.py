"""Official forms (layouts, PDF, Word) and spreadsheets: their definitions, reading and writing."""
