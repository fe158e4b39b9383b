// Tests make files and folders that other users are to read or not: whoever runs the tests, his umask is not theirs.
process.umask(0o022);
