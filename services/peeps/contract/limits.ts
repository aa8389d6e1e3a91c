/** Bounds of what peeps keeps, in characters unless they are counts: the schemas check them, readers of files fit what they read into them. */
export const personLimits = {
  nameMax: 200,
  /** Of a part of a name, an employer, a city. */
  wordMax: 200,
  labelMax: 60,
  handleMax: 320,
  streetMax: 500,
  postcodeMax: 40,
  /** Of a link and of what a book says beside. */
  textMax: 2000,
  noteMax: 20_000,
  keepInTouchDaysMax: 3650,
  handlesMax: 100,
  tagsMax: 50,
  /** Of a picture, in bytes. */
  pictureBytesMax: 1024 * 1024,
} as const;

export const messageLimits = {
  idMax: 500,
  titleMax: 500,
  subjectMax: 1000,
  textMax: 64_000,
  participantsMax: 1000,
  attachmentsMax: 100,
  editsMax: 100,
  fileNameMax: 500,
  mediaTypeMax: 127,
  perCallMax: 200,
} as const;

export const factLimits = {
  valueMax: 500,
  quoteMax: 1000,
  perCallMax: 50,
} as const;

/** Kinds of pictures that are kept. */
export const pictureTypes = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/heic"] as const;
