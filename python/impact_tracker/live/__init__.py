"""The live view: watts of the machine, or of a record that is being written, renewed each second."""
