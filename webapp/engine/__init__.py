"""The engine room: diagrams, expressions and decision tables; knows neither the web nor the database."""
