"""The register: accounts, every state of each, what was filed and what was decided on which ground."""
