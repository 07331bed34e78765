from tests.records_app import app, postgres, world

__all__ = ["app", "postgres", "world"]
