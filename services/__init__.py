"""What a service task of a diagram may call: one module for each noun, each operation a few lines over commands."""
