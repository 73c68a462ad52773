-- From here on a session or a link says whose it is, and a new password ends it. What does not say so ends now:
-- sessions, and links that sign in or set a password. Keys of mailboxes stay.
DELETE FROM token WHERE kind <> 'mailbox' AND owner IS NULL;
