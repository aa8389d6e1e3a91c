/** An error that the person at the terminal can fix: printed without a stack. */
export class InstallError extends Error {}
