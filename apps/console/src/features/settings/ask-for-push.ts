/** The browser's side of web push: whether it can, asking the person, and the address at which it is woken. */
import { RoostError } from "@roost/base/browser";

export function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

/** The address of this browser at its push service. @throws RoostError that says what the person can do */
export async function askForPush(publicKey: string): Promise<string> {
  if ((await Notification.requestPermission()) !== "granted")
    throw new RoostError(
      "unavailable",
      "This browser was not allowed to show notices: change that in its settings for this site",
    );
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: publicKey })
    .catch((error: Error) => {
      throw new RoostError("unavailable", `The browser's push service gave no address: ${error.message}`, {
        cause: error,
      });
    });
  return subscription.endpoint;
}

const browsers: readonly [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/Firefox\//, "Firefox"],
  [/Chrome\//, "Chrome"],
  [/Safari\//, "Safari"],
];
const systems: readonly [RegExp, string][] = [
  [/iPhone|iPad/, "iOS"],
  [/Android/, "Android"],
  [/Mac OS X/, "macOS"],
  [/Windows/, "Windows"],
  [/Linux/, "Linux"],
];

/** "Firefox on Android", as the list has it. */
export function nameBrowser(userAgent: string): string {
  const find = (among: typeof browsers) => among.find(([pattern]) => pattern.test(userAgent))?.[1];
  return `${find(browsers) ?? "A browser"} on ${find(systems) ?? "some system"}`;
}
