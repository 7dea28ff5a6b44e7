"""Importing: files of loggers, spreadsheets, phones and flight controllers into recordings."""
