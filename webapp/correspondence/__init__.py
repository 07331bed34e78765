"""What is said about a case besides deciding it: comments and questions, copies (抄送), urging (催办)."""
