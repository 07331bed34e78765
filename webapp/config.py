"""Settings, read from the environment (prefix `BEIAN_`) or a `.env` file; every one is listed in docs/settings.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from webapp.extensions import engine_options

DEMO_SECRET = "demo-only-not-a-secret"
ROOT = Path(__file__).resolve().parent.parent


class ConfigurationError(Exception):
    """The server must not start with these settings; the message says what to change."""


class Settings(BaseSettings):
    """What an installation can set. Paths are relative to the working directory unless absolute."""

    model_config = SettingsConfigDict(env_prefix="BEIAN_", env_file=".env", extra="ignore")

    database_url: str = Field("", description="SQLAlchemy URL; empty = SQLite under var_dir")
    migration_database_url: str = Field("", description="URL of the tables' owner, for migrations; empty = same")
    secret_key: str = Field(DEMO_SECRET, description="signs sessions; must be set outside demo mode")
    demo: bool = Field(False, description="creates demo people and cases; never for real data")
    var_dir: Path = Field(Path("var"), description="database, ledger key, backups")
    processes_dir: Path = Field(ROOT / "processes", description="packs: diagrams, tables, regulations")
    forms_dir: Path = Field(ROOT / "forms", description="forms of the packs")
    host: str = Field("127.0.0.1", description="address the server listens on")
    port: int = Field(8000, ge=0, le=65535, description="port the server listens on")
    threads: int = Field(8, ge=1, le=256, description="request threads of the embedded server")
    secure_cookies: bool = Field(False, description="set behind HTTPS: cookies only travel encrypted")
    max_upload_mb: int = Field(25, ge=1, le=500, description="largest request body, in MB")
    mail_host: str = Field("", description="SMTP server; empty = messages wait in the outbox page only")
    mail_port: int = Field(25, ge=1, le=65535, description="SMTP port")
    mail_from: str = Field("beian@localhost", description="sender of notices")
    webhook_hosts: str = Field("", description="hosts robots may have beside the chat programs' own, by commas")
    base_url: str = Field("http://127.0.0.1:8000", description="address printed in notices")
    ledger_key_file: str = Field("", description="Ed25519 key of the checkpoints; empty = var_dir/ledger.key")
    jobs: bool = Field(True, description="run due jobs inside the server (SQLite) or nudge workers (PostgreSQL)")
    login_limit: str = Field("10 per minute", description="login attempts per address")
    report_limit: str = Field("5 per hour", description="public reports per address")

    @model_validator(mode="after")
    def _defaults(self) -> Settings:
        if not self.database_url:
            self.database_url = f"sqlite:///{(self.var_dir / 'beian.sqlite').resolve()}"
        if self.database_url.startswith(("postgres://", "postgresql://")):
            self.database_url = "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        if not self.ledger_key_file:
            self.ledger_key_file = str((self.var_dir / "ledger.key").resolve())
        return self

    def check(self) -> None:
        """Raise ConfigurationError where starting would be unsafe."""
        if self.secret_key == DEMO_SECRET and not self.demo:
            raise ConfigurationError(
                "BEIAN_SECRET_KEY is not set. Set it to a long random text, or start the demo with BEIAN_DEMO=1."
            )
        if len(self.secret_key) < 16:
            raise ConfigurationError("BEIAN_SECRET_KEY is shorter than 16 characters.")

    def flask(self) -> dict[str, Any]:
        """The same settings under Flask's and its extensions' names."""
        return {
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": engine_options(self.database_url),
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "MAX_FORM_PARTS": 3000,
            "SESSION_COOKIE_NAME": "beian",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.secure_cookies,
            "REMEMBER_COOKIE_HTTPONLY": True,
            "REMEMBER_COOKIE_SECURE": self.secure_cookies,
            "PERMANENT_SESSION_LIFETIME": 12 * 3600,
            "WTF_CSRF_TIME_LIMIT": None,
            "BABEL_DEFAULT_LOCALE": "zh",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
            "RATELIMIT_STORAGE_URI": "memory://",
            "RATELIMIT_HEADERS_ENABLED": False,
        }
