"""Public pages: the directory of filed accounts, whether an account is genuine, reports from the public."""
