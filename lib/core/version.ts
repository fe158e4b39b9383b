/** The toolkit's version; a test holds it to package.json's. */
export const toolkitVersion = '1.0.0';
