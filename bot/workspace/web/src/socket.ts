import type { Frame } from './protocol';

export type Link = { up: true } | { up: false; retryAt: number };

const firstDelay = 500;
const longestDelay = 8_000;

/**
 * The WebSocket to the workspace, which reconnects until closed, waiting twice
 * as long after each failure (half a second to eight).
 */
export class Socket {
  private ws?: WebSocket;
  private timer?: ReturnType<typeof setTimeout>;
  private delay = firstDelay;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly onFrame: (frame: Frame) => void,
    private readonly onLink: (link: Link) => void,
  ) {
    this.dial();
  }

  /** Dials now instead of at the end of the wait. */
  retry(): void {
    clearTimeout(this.timer);
    this.delay = firstDelay;
    this.dial();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.ws?.close();
  }

  private dial(): void {
    const ws = new WebSocket(this.url);
    this.ws = ws;
    ws.onopen = () => {
      if (this.ws !== ws || this.closed) return;
      this.delay = firstDelay;
      this.onLink({ up: true });
    };
    ws.onmessage = (event) => {
      if (this.ws !== ws || this.closed) return;
      let frame: Frame;
      try {
        frame = JSON.parse(String(event.data)) as Frame;
      } catch {
        console.error('a frame that is not JSON was ignored', event.data);
        return;
      }
      this.onFrame(frame);
    };
    ws.onclose = () => {
      if (this.ws !== ws || this.closed) return;
      const wait = this.delay;
      this.delay = Math.min(this.delay * 2, longestDelay);
      this.onLink({ up: false, retryAt: Date.now() + wait });
      this.timer = setTimeout(() => this.dial(), wait);
    };
  }
}
