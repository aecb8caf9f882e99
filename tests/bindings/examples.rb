# The examples that Debian's ruby-ffi-rzmq ships, unmodified but for the port: examples.rb NAME [PEER]
#
# They load '../lib/ffi-rzmq' and take fixed ports; both are arranged here. NAME runs in a process of
# its own, and so does PEER, with the same port.
require 'ffi-rzmq'
require 'fileutils'
require 'socket'

FOLDER = '/usr/share/doc/ruby-ffi-rzmq/examples'

def arguments(name, link)
  case name
  when /lat|throughput/ then [link, '100', '500']
  else []
  end
end

def start(name, port)
  text = File.read("#{FOLDER}/#{name}.rb").gsub(%r{tcp://127\.0\.0\.1:\d+}, "tcp://127.0.0.1:#{port}")
  File.write("examples/#{name}.rb", text)
  spawn('ruby', "#{Dir.pwd}/examples/#{name}.rb", *arguments(name, "tcp://127.0.0.1:#{port}"),
        %i[out err] => "#{name}.out")
end

if ARGV == ['maps']
  puts File.read('/proc/self/maps')
  exit
end

port = TCPServer.open('127.0.0.1', 0) { |server| server.addr[1] }
FileUtils.mkdir_p(%w[lib examples])
File.write('lib/ffi-rzmq.rb', "require 'ffi-rzmq'\n")
running = ARGV.map { |name| [name, start(name, port)] }
ended_well = running.map do |name, pid|
  _, status = Process.wait2(pid)
  text = File.read("#{name}.out")
  puts "#{name}: #{status}\n#{text}"
  status.success? && text !~ /FAILED|wrong|Error/
end
exit(ended_well.all?)
