"""Tables of gaze that no importer knows, by a column mapping that is proposed or given."""
