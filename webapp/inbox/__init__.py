"""A person's desk: home, inbox, the start of a case, and the page of a task."""
