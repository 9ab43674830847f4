# Drives Cache::Memcached::Fast of Perl (Debian: libcache-memcached-fast-perl): a driver that shares nothing with others.
use strict;
use warnings;
use Cache::Memcached::Fast;
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);

my $json = JSON::PP->new->allow_nonref->canonical;
my $client;
open(my $out, ">&", \*STDOUT) or die "no standard output: $!";
open(STDOUT, ">&", \*STDERR);    # what a client prints is no answer of the driver
binmode $out;
$out->autoflush(1);

sub say_line { print {$out} $json->encode($_[0]), "\n" }
sub base64 { encode_base64($_[0], "") }
sub item { my ($value, $cas) = @_; defined $value ? { value => base64($value), defined $cas ? (cas => "$cas") : () } : undef }

# True, false, or undef for a failure, of which the client says no more.
sub told { defined $_[0] ? ($_[0] ? JSON::PP::true : JSON::PP::false) : die { class => "undef", text => "it failed" } }
sub number { defined $_[0] && $_[0] ne "" ? $_[0] eq "0E0" ? "0" : "$_[0]" : undef }    # 0E0 is a 0 that is true

my %do = (
    open => sub {
        my ($line) = @_;
        $client = Cache::Memcached::Fast->new({
            servers => ["$line->{host}:$line->{port}"], connect_timeout => $line->{timeout}, io_timeout => $line->{timeout},
            max_failures => 0, compress_threshold => -1,
        });
        undef;
    },
    close => sub { $client->disconnect_all; undef },
    (map { my $name = $_; $name => sub { my ($line, $key) = @_; told($client->$name($key, $line->{value}, $line->{exptime})) } } qw(set add replace)),
    (map { my $name = $_; $name => sub { my ($line, $key) = @_; told($client->$name($key, $line->{value})) } } qw(append prepend)),
    cas => sub { my ($line, $key) = @_; told($client->cas($key, $line->{cas}, $line->{value}, $line->{exptime})) },
    get => sub { item(scalar $client->get($_[1])) },
    gets => sub { my $found = $client->gets($_[1]); $found ? item($found->[1], $found->[0]) : undef },
    get_many => sub {
        my $found = $client->get_multi(@{ $_[0]{keys} });
        [map { { key => base64($_), %{ item($found->{$_}) } } } sort keys %$found];
    },
    gets_many => sub {
        my $found = $client->gets_multi(@{ $_[0]{keys} });
        [map { { key => base64($_), %{ item($found->{$_}[1], $found->{$_}[0]) } } } sort keys %$found];
    },
    delete => sub { told($client->delete($_[1])) },
    incr => sub { my ($line, $key) = @_; number($client->incr($key, $line->{by} // 1)) },
    decr => sub { my ($line, $key) = @_; number($client->decr($key, $line->{by} // 1)) },
    touch => sub { my ($line, $key) = @_; told($client->touch($key, $line->{exptime})) },
    flush_all => sub { $client->flush_all; undef },
    version => sub { my ($found) = values %{ $client->server_versions }; defined $found ? { text => "$found" } : undef },
);

say_line({
    client => "Cache::Memcached::Fast", version => "$Cache::Memcached::Fast::VERSION", language => sprintf("Perl %vd", $^V),
    protocols => ["text"], operations => [sort keys %do],
});
while (my $raw = <STDIN>) {
    my $line = $json->decode($raw);
    my $key = exists $line->{key} ? decode_base64($line->{key}) : undef;
    $line->{value} = decode_base64($line->{value}) if exists $line->{value};
    $line->{keys} = [map { decode_base64($_) } @{ $line->{keys} }] if exists $line->{keys};
    my ($none) = grep { exists $line->{$_} } qw(flags noreply);
    $none = "exptime that is no number" if ref $line->{exptime};
    if (defined $none) { say_line({ id => $line->{id}, unsupported => "the client takes no $none" }); next }
    my $result = eval { $do{ $line->{op} }->($line, $key) };
    if (my $error = $@) {
        $error = { class => "die", text => "$error" } unless ref $error eq "HASH";
        say_line({ id => $line->{id}, error => $error });
    }
    else { say_line({ id => $line->{id}, result => $result }) }
}
