import { render } from 'preact';
import { App } from './app.js';
import { readEmbeddedExport } from './export/embedded-export.js';
import { LiveFeed } from './connection/live-feed.js';
import { openStream } from './connection/event-stream.js';
import { loadSettings, onSettings, settings } from './model/settings.js';
import './page.css';

const exported = readEmbeddedExport(document);
const feed = new LiveFeed();

const showTheme = (): void => {
  document.documentElement.dataset['theme'] = settings().theme;
};
loadSettings();
showTheme();
onSettings(showTheme);

render(<App feed={feed} exported={exported} />, document.getElementById('page')!);

if (exported === undefined) {
  openStream('./stream', {
    onHello: (hello) => feed.connect(hello),
    onState: (state) => feed.setState(state),
    onRecords: (records) => feed.push(records),
  });
} else {
  feed.push(exported.records);
}
