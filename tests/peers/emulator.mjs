// Starts the GitHub emulator on a free loopback port, and ends when standard input does.
//
// The first line of standard input is `{"baseUrl": …, "seed": …}`; the answer is one line `{"port": …, "key": …}`:
// the port, and the private key of the first App of the seed. The emulator's own `serve` knows neither port 0 nor
// a host, so `listen` is told both here.
import net from "node:net";
import readline from "node:readline";
import { createEmulator } from "emulate";

const listening = new Promise((resolve) => {
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (_port, _host, ...rest) {
    this.once("listening", () => resolve(this.address().port));
    return listen.call(this, 0, "127.0.0.1", ...rest);
  };
});

const lines = readline.createInterface({ input: process.stdin });
const { value } = await lines[Symbol.asyncIterator]().next();
const { baseUrl, seed } = JSON.parse(value);
const emulator = await createEmulator({ service: "github", port: 1, baseUrl, seed });
const key = emulator.generatedSecrets.find((secret) => secret.kind === "github.app_private_key")?.value;
console.log(JSON.stringify({ port: await listening, key }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
