// What virtual-core asks of its surroundings, and browsers do not have. Imported before it.
globalThis.process ??= { env: { NODE_ENV: "production" } };
