/** Something that the person at the terminal can do something about: printed without a stack. */
export class InstallError extends Error {}
