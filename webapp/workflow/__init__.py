"""Cases: process instances, their tasks and seats, what was answered, timers and history."""
