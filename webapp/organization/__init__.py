"""Who is there: institutions, units, people, roles, substitutions and the working-day calendar."""
