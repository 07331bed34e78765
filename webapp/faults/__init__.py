"""故障: a job, operation or case that needs an administrator."""
