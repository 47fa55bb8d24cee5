import { Logger } from '@nestjs/common';

import { readSettings } from './config/settings.js';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  // After the settings were found good: the websocket's port is read when its module is loaded.
  const { createApp } = await import('./app.js');
  const app = await createApp(settings);
  await app.listen(settings.port, '0.0.0.0');
  new Logger('App').log(`HTTP on ${settings.port}, websocket on ${settings.wsPort}`);
}

main().catch((error: Error) => {
  new Logger('App').fatal(error.message);
  process.exitCode = 1;
});
