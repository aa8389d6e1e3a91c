/** A broken promise: what must be true in every world was not in this one. Ends the simulation of the world. */
export class Violation extends Error {
  override name = "Violation";
}
