/** Whether this browser has been through the first run, or was told to leave it. */
const key = "roost.welcome";

export function leaveWelcome(): void {
  try {
    localStorage.setItem(key, "left");
  } catch {
    // It is shown again at the next visit.
  }
}

export function hasLeftWelcome(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return true;
  }
}
