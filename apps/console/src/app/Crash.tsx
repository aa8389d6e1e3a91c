import { Component, type ReactNode } from "react";
import { Failure } from "../parts/Blank.tsx";

/** A screen that breaks takes nothing with it, and can be opened again. */
export class Crash extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <Failure what="This screen" error={error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
