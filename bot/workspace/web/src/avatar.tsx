import type { User } from './protocol';

/** A user's picture: initials on their colour, and for apps the app's sign. */
export function Avatar({ user, app, size = 36 }: { user: User | undefined; app?: boolean; size?: 16 | 20 | 24 | 28 | 36 | 48 | 72 }) {
  const color = user?.color && /^#[0-9a-f]{3,8}$/i.test(user.color) ? user.color : undefined;
  if (app || user?.is_bot) {
    return (
      <span className={`avatar s${size} app`} style={{ backgroundColor: color }} aria-hidden>
        <svg viewBox="0 0 36 36">
          <path d="M18 6.5 27.5 10v7.5c0 6-4 10.3-9.5 12-5.5-1.7-9.5-6-9.5-12V10Z" fill="#fff" fillOpacity=".96" />
          <path d="m13.5 17.8 3.3 3.3 6-6.6" fill="none" stroke={color ?? '#1d3557'} strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </span>
    );
  }
  return (
    <span className={`avatar s${size}`} style={{ backgroundColor: color }} aria-hidden>
      {user?.initials || (user?.real_name || user?.name || '?').charAt(0).toUpperCase()}
    </span>
  );
}

/** Slackbot, who says what the workspace itself has to say. */
export function SlackbotAvatar() {
  return (
    <span className="avatar s36 slackbot" aria-hidden>
      <svg viewBox="0 0 36 36">
        <path d="M18 28.5s-10-5.8-10-13a5.6 5.6 0 0 1 10-3.5 5.6 5.6 0 0 1 10 3.5c0 7.2-10 13-10 13Z" fill="#fff" />
        <circle cx="14.5" cy="16.5" r="1.5" fill="#2eb67d" /><circle cx="21.5" cy="16.5" r="1.5" fill="#2eb67d" />
        <path d="M14.8 20.5c1.8 1.6 4.6 1.6 6.4 0" fill="none" stroke="#2eb67d" strokeWidth="1.4" strokeLinecap="round" />
      </svg>
    </span>
  );
}
