"""Standing in (代理): dated rules by which one person acts on behalf of another."""
