import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { Avatar } from './avatar';
import { Conversation, Thread } from './conversation';
import { Caret, Home, Moon, Sun, Traffic, Warning } from './icons';
import { Inspector } from './inspector';
import { Menu } from './menu';
import { Modal } from './modal';
import { PageProvider, usePage } from './page';
import { Sidebar } from './sidebar';
import { Socket } from './socket';
import { emptyStore, reduce, unread } from './store';
import { useTheme } from './theme';

function socketUrl(user: string): string {
  const url = new URL('/ui/socket', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (user) url.searchParams.set('user', user);
  return url.href;
}

export function App() {
  const [store, dispatch] = useReducer(reduce, Date.now(), emptyStore);
  const [user, setUser] = useState(() => new URLSearchParams(location.search).get('user') ?? '');
  const socket = useRef<Socket>(undefined);

  useEffect(() => {
    const connection = new Socket(socketUrl(user), dispatch, (link) => dispatch({ type: 'link', link }));
    socket.current = connection;
    return () => connection.close();
  }, [user]);

  // The user is in the address, so that two tabs can be two people.
  const switchUser = useCallback((id: string) => {
    const url = new URL(location.href);
    url.searchParams.set('user', id);
    history.replaceState(null, '', url);
    dispatch({ type: 'leave' });
    setUser(id);
  }, []);

  return (
    <PageProvider store={store} dispatch={dispatch} switchUser={switchUser}>
      <Workspace retry={() => socket.current?.retry()} />
    </PageProvider>
  );
}

function Workspace({ retry }: { retry(): void }) {
  const { store } = usePage();
  const [theme, toggleTheme] = useTheme();
  const [inspecting, setInspecting] = useState(false);
  // The sidebar shows by default where there is room for it.
  const [menu, setMenu] = useState<boolean>();
  const toggleMenu = () => setMenu(!(menu ?? !window.matchMedia('(max-width: 760px)').matches));
  const { state, view } = store;

  useEffect(() => {
    if (!state) return;
    const waiting = state.channels.some((c) => unread(store, c.id).count > 0);
    const channel = state.channels.find((c) => c.id === store.channel);
    document.title = `${waiting ? '* ' : ''}${channel?.name || 'Direct message'} · ${state.team.name}`;
  });

  return (
    <div className={`window${store.thread && !store.homeTab ? ' with-thread' : ''}${menu === undefined ? '' : menu ? ' with-menu' : ' without-menu'}`}>
      <TopBar />
      <div className="middle">
        <nav className="rail" aria-label="Workspace">
          <span className="team-tile" aria-hidden>{(state?.team.name ?? ' ').charAt(0).toUpperCase()}</span>
          <button type="button" className={`rail-button${menu === false ? '' : ' on'}`} aria-pressed={menu !== false} title="Show or hide the channels" onClick={toggleMenu}><span><Home /></span>Home</button>
          <button type="button" className={`rail-button${inspecting ? ' on' : ''}`} aria-pressed={inspecting} data-qa="inspector-toggle" onClick={() => setInspecting(!inspecting)}><span><Traffic /></span>Traffic</button>
          <span className="grow" />
          <button type="button" className="rail-button" data-qa="theme-toggle" aria-label={theme === 'dark' ? 'Switch to the light theme' : 'Switch to the dark theme'} onClick={toggleTheme}>
            <span>{theme === 'dark' ? <Sun /> : <Moon />}</span>
          </button>
        </nav>
        <Sidebar onPick={() => setMenu(undefined)} />
        <div className="content">
          <Banner retry={retry} />
          <div className="panes">
            {state ? <Conversation onMenu={toggleMenu} /> : <Loading />}
            {store.thread && !store.homeTab && <Thread />}
          </div>
          {inspecting && <Inspector onClose={() => setInspecting(false)} />}
        </div>
        {menu && <button type="button" className="scrim" aria-label="Hide channels" onClick={() => setMenu(undefined)} />}
      </div>
      {view && view.type !== 'home' && <Modal key={view.id} view={view} stack={store.stack} />}
    </div>
  );
}

function TopBar() {
  const { store, me } = usePage();
  const bot = store.state?.bot;
  return (
    <div className="top-bar">
      {bot && (
        <span className="top-note" data-qa="bot-state" data-connected={bot.connected}>
          <i className={bot.connected ? 'presence on' : 'presence'} />
          <span>{bot.name} {bot.connected ? `is connected${bot.sockets > 1 ? ` over ${bot.sockets} sockets` : ''}` : 'is not connected'}</span>
        </span>
      )}
      <span className="grow" />
      {me.id && <ActingAs />}
    </div>
  );
}

function ActingAs() {
  const { store, me, switchUser } = usePage();
  const people = (store.state?.users ?? []).filter((u) => !u.is_bot);
  return (
    <Menu
      label={`Acting as ${me.real_name || me.name}. Act as someone else`} title="Act as someone else" className="acting-as" placement="bottom-end" qa={{ 'data-qa': 'acting-as' }}
      button={<>acting as <Avatar user={me} size={24} /><b>{me.real_name || me.name}</b><Caret /></>}
      groups={[{
        title: 'Act as',
        items: people.map((u) => ({
          key: u.id, text: u.real_name || u.name, selected: u.id === me.id, icon: <Avatar user={u} size={28} />,
          label: <span>{u.real_name || u.name}{u.is_guest && <span className="badge">GUEST</span>}</span>, detail: `@${u.name}`,
          qa: { 'data-qa': 'acting-as-user', 'data-user': u.id }, onSelect: () => { if (u.id !== me.id) switchUser(u.id); },
        })),
      }]}
    />
  );
}

function Banner({ retry }: { retry(): void }) {
  const { store } = usePage();
  const { link, state } = store;
  const [now, setNow] = useState(Date.now());
  const waiting = !link.up && link.retryAt > 0;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [waiting]);
  if (!link.up && link.retryAt > 0) {
    const seconds = Math.max(0, Math.ceil((link.retryAt - now) / 1000));
    return (
      <div className="banner" role="alert" data-qa="connection-lost">
        <Warning /> The connection to the workspace is lost. {seconds > 0 ? `Reconnecting in ${seconds} s…` : 'Reconnecting…'}
        <button type="button" className="link-button" onClick={retry}>Try now</button>
      </div>
    );
  }
  if (state && !state.bot.connected) {
    return <div className="banner mild" role="status" data-qa="bot-offline"><Warning /> {state.bot.name} has no open Socket Mode connection: commands and buttons will fail until it connects.</div>;
  }
  return null;
}

function Loading() {
  return (
    <main className="conversation loading" aria-busy="true" aria-label="Loading">
      {[72, 48, 88, 60].map((width, i) => <div key={i} className="ghost"><i /><span style={{ width: `${width}%` }} /></div>)}
    </main>
  );
}
