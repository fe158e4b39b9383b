/** Umasks that a store must not mind. With the last one nobody but root can write into a folder that he has just made. */
export const umasks = [0o000, 0o022, 0o077, ...(process.getuid?.() === 0 ? [0o777] : [])];
