/** The end of a tar: two blocks of zeros. Not to be written into. */
export const tarEnd = Buffer.alloc(1024);
