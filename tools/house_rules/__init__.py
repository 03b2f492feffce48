"""The house rules of tools/tidy. `tree.Tree` holds the files; each rule module yields `tree.Finding`s."""
