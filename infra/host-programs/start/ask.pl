# Hands a resource's program to the process that runs those of all stacks (host.ts), as start.ts does; where nobody answers to
# the end, a Node runs it here. `perl ask.pl PROGRAM ACTION`, the spec on standard input.
use strict;
use warnings;
use Cwd ();
use Socket qw(PF_UNIX SOCK_STREAM sockaddr_un);

my ($name, $action) = @ARGV;
my $here = $0 =~ s{/[^/]*$}{}r;
binmode $_ for *STDIN, *STDOUT, *STDERR;
$| = 1;
my $spec = do { local $/; <STDIN> } // '';

my $code = eval { ask() };
exit $code if defined $code;

# The spec comes from a child, so that whoever ends this process ends that Node.
defined(my $child = open STDIN, '-|') or die "fork: $!\n";
if ($child == 0) {
  print $spec;
  exit 0;
}
exec 'node', "$here/$name.ts", $action or die "node: $!\n";

# The exit code; undefined where nobody answers to the end.
sub ask {
  local $SIG{PIPE} = 'IGNORE';
  socket my $socket, PF_UNIX, SOCK_STREAM, 0 or return;
  connect $socket, sockaddr_un($ENV{LATHE_COMMANDS}) or return;
  my $request = join(' ', $name, $action, map { unpack 'H*', $_ } Cwd::getcwd(), $spec) . "\n";
  # By a socket, for it may be a secret.
  while (length $request) {
    my $sent = syswrite $socket, $request or return;
    substr $request, 0, $sent, '';
  }
  while (my $line = <$socket>) {
    my ($what, $value) = $line =~ /^(\w+) (\w*)\n$/ or return;
    if ($what eq 'code') { return $value }
    elsif ($what eq 'stdout') { print STDOUT pack 'H*', $value }
    else { print STDERR pack 'H*', $value }
  }
  return;
}
