"""What a person arranges for themselves in the inbox: saved views, phrases, keys."""
