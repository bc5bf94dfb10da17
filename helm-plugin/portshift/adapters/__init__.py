"""The neighbours of the command line, one file each; every one turns its neighbour's errors into ours."""
