import { setTimeout as delay } from "node:timers/promises";
import { type SocketType, ZmtpSocket } from "./zmtp.ts";

/** Address at which a kernel of our own listens. */
export const HOST = "127.0.0.1";

/**
 * Ports that are free now, below the ranges from which systems choose ports of outgoing connections:
 * among those, a connection attempt to a port where nobody listens yet can end up talking to itself.
 */
export function freePorts(count: number): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: HOST, port }).close();
      ports.add(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return [...ports];
}

/** Connects to a port of {@linkcode HOST} as soon as somebody listens there. */
export async function connect(port: number, type: SocketType): Promise<ZmtpSocket> {
  const giveUp = performance.now() + 30_000;
  while (true) {
    try {
      return await ZmtpSocket.open(await Deno.connect({ hostname: HOST, port }), type);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused) || performance.now() > giveUp) {
        throw error;
      }
      await delay(20);
    }
  }
}
