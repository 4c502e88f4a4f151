// How many bytes a text is in UTF-8.

const encoder = new TextEncoder();

export const utf8Length = (text) => encoder.encode(text).length;
