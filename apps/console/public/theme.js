// Before the first paint: the theme that was chosen on this device.
try {
  const theme = localStorage.getItem("roost.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's theme it is.
}
