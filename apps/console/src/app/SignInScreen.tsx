import { BrandMark } from "../parts/BrandMark.tsx";
import styles from "./SignInScreen.module.css";

/** Nothing of the home is shown to a browser that it does not know. */
export function SignInScreen() {
  return (
    <main className={styles.page}>
      <BrandMark size={44} />
      <h1>This browser is not signed in</h1>
      <p>On the machine where Roost runs, ask for a link and open it here. It works once, within five minutes.</p>
      <pre className="mono">roost open</pre>
      <p className={styles.note}>The same link is printed whenever Roost starts.</p>
    </main>
  );
}
