import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

interface EmojiDatum {
  unified: string;
  short_names: string[];
}

// Slack's short names are those of emoji-datasource. The whole table weighs
// 1.3 MB, of which the page needs two columns: they are packed at build time
// into "name,other_name unified;…" and unpacked once in the browser.
function emojiTable(): Plugin {
  const id = 'virtual:emoji-table';
  const packaged = createRequire(import.meta.url);
  return {
    name: 'emoji-table',
    generateBundle() {
      const source = readFileSync(packaged.resolve('emoji-datasource/LICENSE'), 'utf8');
      this.emitFile({ type: 'asset', fileName: 'assets/license-emoji.txt', source });
    },
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(resolved) {
      if (resolved !== `\0${id}`) return undefined;
      const data = packaged('emoji-datasource/emoji.json') as EmojiDatum[];
      const rows = data.map((e) => `${e.short_names.join(',')} ${e.unified.toLowerCase()}`).sort();
      return `export default ${JSON.stringify(rows.join(';'))};`;
    },
  };
}

export default defineConfig({
  plugins: [react(), emojiTable()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    // The bundle is distributed with the binary, and so are the licences of what is in it.
    license: { fileName: 'assets/licenses.md' },
    rollupOptions: {
      output: {
        // Fixed names: the bundle is committed, and a rebuild of unchanged
        // sources must leave no diff.
        entryFileNames: 'assets/app.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/app[extname]',
      },
    },
  },
  server: {
    proxy: {
      '/ui/socket': { target: 'ws://127.0.0.1:4390', ws: true },
      '/ui': 'http://127.0.0.1:4390',
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    // A test that follows a link must not reach for the network.
    environmentOptions: {
      happyDOM: { settings: { navigation: { disableMainFrameNavigation: true, disableChildFrameNavigation: true, disableChildPageNavigation: true } } },
    },
  },
});
